"""Real workers, each in a process of its own: started for a test, heard from, waited for."""
