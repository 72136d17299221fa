"""What a repository on GitHub needs to have excursions: its files, its labels, its settings."""
