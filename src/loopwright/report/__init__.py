"""What was stored, drawn: SVG charts and pages of HTML, pure functions of the data they are given."""
