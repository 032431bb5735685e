"""The plugin, tested by running pytest on small projects."""
