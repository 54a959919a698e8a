"""What happened to a job and what it cost, told: timeline, drawing, money, pace."""
