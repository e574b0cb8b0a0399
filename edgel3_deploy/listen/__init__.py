"""What a sensor hears, as it hears it: records in the terminal, in files and on a page."""
