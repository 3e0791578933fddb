"""What the program's own process does not have to load."""

import subprocess
import sys


def test_the_client_imports_nothing_heavy() -> None:
    program = (
        "import sys, storyloom.models.client, storyloom.models.tokens\n"
        "print([n for n in ('litellm', 'tiktoken', 'httpx', 'openai') if n in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout.strip() == "[]", said.stderr
