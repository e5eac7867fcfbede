"""What comes from outside: weights in local folders of public models, read without running code, and their licences."""
