"""What the web server calls for each request."""

from __future__ import annotations

import os
import signal

from django.core.wsgi import get_wsgi_application

from waya.cli.processes.pace import keep_pace
from waya.cli.processes.tether import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waya.settings")
application = get_wsgi_application()
keep_pace()
end_with_parent(signal.SIGTERM)  # a worker never serves on after its master was killed
