"""How the panel looks: colours, style sheet, icons. Nothing here knows what the panel shows."""
