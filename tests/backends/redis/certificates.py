"""Certificates that last for a test: an authority, a server of 127.0.0.1, and a client."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

EXTENSIONS = """
subjectAltName = IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True)
class Certificates:
    """Made with ``openssl``, which comes with what every Python is linked to."""

    folder: Path

    def make(self) -> None:
        key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        usage = "-addext keyUsage=critical,keyCertSign,cRLSign"  # which is asked for from Python 3.13 on
        self._run(f"req -x509 {key} {usage} -days 1 -subj /CN=authority -keyout ca.key -out ca.pem")
        for name in ("server", "client", "stranger"):
            self._run(f"req {key} -subj /CN={name} -keyout {name}.key -out {name}.csr")
            self.folder.joinpath("extensions").write_text(EXTENSIONS)
            if name == "stranger":
                self._run(f"x509 -req -in {name}.csr -signkey {name}.key -days 1 -out {name}.pem")
            else:
                signed = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions"
                self._run(f"x509 -req -in {name}.csr {signed} -days 1 -out {name}.pem")

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def server_settings(self, port: int, *, clients: bool) -> list[str]:
        """For a server that speaks encrypted on a port, and asks clients for certificates or not."""
        return [
            *("--tls-port", str(port), "--tls-ca-cert-file", self.path("ca.pem")),
            *("--tls-cert-file", self.path("server.pem"), "--tls-key-file", self.path("server.key")),
            *("--tls-auth-clients", "yes" if clients else "no"),
        ]

    def context(self, *, clients: bool) -> ssl.SSLContext:
        """The same, for a server in Python."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.path("ca.pem"))
        context.load_cert_chain(self.path("server.pem"), self.path("server.key"))
        context.verify_mode = ssl.CERT_REQUIRED if clients else ssl.CERT_NONE
        return context

    def _run(self, command: str) -> None:
        ended = subprocess.run(
            ["/usr/bin/env", "openssl", *command.split()], cwd=self.folder, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
