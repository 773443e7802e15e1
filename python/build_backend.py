"""Builds the wheel: by pip (PEP 517, without any other package), or by itself:

    python3 python/build_backend.py --library build/librnn_gpu.so FOLDER

A wheel with the library carries the libraries that it needs too, but for the C library's; so it runs where those are not
installed. pip takes the library from RNN_GPU_LIBRARY or from the build folders of the source tree; without one the wheel
is pure Python, and the library is looked for when the package is imported. The same files give the same bytes.
"""
import argparse
import base64
import hashlib
import os
import platform
import re
import subprocess
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SONAME = "librnn_gpu.so.0"
SYSTEM = re.compile(r"^(libc|libm|libdl|libpthread|librt|ld-linux.*|linux-vdso)\.so")
DATE = (1980, 1, 1, 0, 0, 0)
SUMMARY = "Recurrent networks on any OpenCL device, and their gradient over time"


def version():
    text = (HERE / "rnn_gpu" / "__init__.py").read_text()
    return re.search(r'__version__ = "([^"]+)"', text).group(1)


def find_library():
    """The library that pip puts into the wheel, or None."""
    named = os.environ.get("RNN_GPU_LIBRARY")
    if named:
        return Path(named)
    for folder in ("build", "build/tests/release"):
        place = HERE.parent / folder / "librnn_gpu.so"
        if place.exists():
            return place
    return None


def needed(library):
    """The shared libraries that the loader takes for it, without those of the C library."""
    listed = subprocess.run(["ldd", str(library)], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"(\S+) => (/\S+)", listed)
    return {name: Path(path) for name, path in found if not SYSTEM.match(name)}


def metadata():
    readme = (HERE / "README.md").read_text()
    return (f"Metadata-Version: 2.1\nName: rnn-gpu\nVersion: {version()}\nSummary: {SUMMARY}\nLicense: MIT\n"
            f"Requires-Python: >=3.9\nRequires-Dist: numpy\nDescription-Content-Type: text/markdown\n\n{readme}")


def wheel_text(tag):
    pure = str(tag.endswith("any")).lower()
    return f"Wheel-Version: 1.0\nGenerator: rnn-gpu\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"


def write(archive, record, name, content, mode=0o644):
    info = zipfile.ZipInfo(name, DATE)
    info.external_attr = (0o100000 | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    record.append(f"{name},sha256={digest},{len(content)}")


def make_wheel(folder, library):
    tag = f"py3-none-linux_{platform.machine()}" if library else "py3-none-any"
    name = f"rnn_gpu-{version()}-{tag}.whl"
    info = f"rnn_gpu-{version()}.dist-info"
    record = []
    with zipfile.ZipFile(Path(folder) / name, "w") as archive:
        for file in sorted((HERE / "rnn_gpu").glob("*.py")):
            write(archive, record, f"rnn_gpu/{file.name}", file.read_bytes())
        if library:
            write(archive, record, f"rnn_gpu/{SONAME}", Path(library).read_bytes(), 0o755)
            for soname, path in sorted(needed(library).items()):
                write(archive, record, f"rnn_gpu/needed/{soname}", path.read_bytes(), 0o755)
        write(archive, record, f"{info}/METADATA", metadata().encode())
        write(archive, record, f"{info}/WHEEL", wheel_text(tag).encode())
        record.append(f"{info}/RECORD,,\n")
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD", DATE), "\n".join(record))
    return name


# ---- what pip calls


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return make_wheel(wheel_directory, find_library())


def build_sdist(sdist_directory, config_settings=None):
    raise SystemExit("rnn-gpu's Python package is installed from its source tree or from a wheel")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", help="the shared library that the wheel carries")
    parser.add_argument("folder", help="where the wheel goes")
    arguments = parser.parse_args()
    Path(arguments.folder).mkdir(parents=True, exist_ok=True)
    print(make_wheel(arguments.folder, arguments.library))
