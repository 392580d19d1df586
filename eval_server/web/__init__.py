"""How is it told? The app, its routes, what is said, and the pages."""
