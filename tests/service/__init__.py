"""The daemon as a process: started, told, killed, started again."""
