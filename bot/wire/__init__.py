"""Between us and GitHub: what is asked, what an answer means, and when to ask again. PyGithub is in bot.github only."""
