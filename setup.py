"""Where the packages go: a wheel carries them in the folder ``touchline``, so that it shares no file with another distribution.

``setup.cfg`` has everything else. An editable install leaves them where they are, since setuptools makes a namespace of a package
whose parent is the module ``touchline.py``. ``touchline.py`` finds them in both places.
"""

import sys

from setuptools import find_packages, setup

FOLDERS = ("features", "models", "simulators", "streaming")

if {"editable_wheel", "develop"} & set(sys.argv):
    setup()
else:
    setup(
        packages=[f"touchline.{name}" for name in find_packages(include=[pattern for f in FOLDERS for pattern in (f, f"{f}.*")])],
        package_dir={f"touchline.{name}": name for name in FOLDERS},
    )
