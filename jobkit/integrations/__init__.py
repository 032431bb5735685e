"""What fits jobkit into frameworks, a room each; none is loaded by anything else of jobkit."""
