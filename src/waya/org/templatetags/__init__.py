"""How every surface shows money, moments, numbers and states: `{% load waya %}`."""
