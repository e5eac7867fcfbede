"""The panel: state, actions and the work they ask for, and widgets over them."""

# The first words of the command line that lead here, and what each does. Importing this costs nothing.
COMMANDS = {"panel": "open the panel: see the edit, shape the music, put it on the track"}
