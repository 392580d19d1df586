"""An attack on a phase's labels: what is handed in, and what is solved for from the answers."""
