"""What pages show of jobs: cards, the board, the parts of one page, notices, ways on."""
