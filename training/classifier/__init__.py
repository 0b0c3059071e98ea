"""How the classifier that comes with the package was fitted: a script, its data made anew or given by path."""
