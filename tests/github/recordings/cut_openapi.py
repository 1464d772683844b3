"""Cut the official REST description down to the operations that we use, for the mock server in the tests.

python cut_openapi.py node_modules/@octokit/openapi/generated/api.github.com.deref.json openapi.json.xz
"""

import json
import lzma
import sys

PATHS = """
/app
/app/hook/config
/app/hook/deliveries
/app/hook/deliveries/{delivery_id}
/app/installations
/app/installations/{installation_id}
/app/installations/{installation_id}/access_tokens
/app-manifests/{code}/conversions
/installation/repositories
/installation/token
/orgs/{org}/actions/runners
/rate_limit
/repos/{owner}/{repo}
/repos/{owner}/{repo}/actions/runners
/repos/{owner}/{repo}/actions/runs/{run_id}
/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts
/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches
/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs
/repos/{owner}/{repo}/check-runs
/repos/{owner}/{repo}/check-runs/{check_run_id}
/repos/{owner}/{repo}/collaborators/{username}/permission
/repos/{owner}/{repo}/commits/{ref}/check-runs
/repos/{owner}/{repo}/compare/{basehead}
/repos/{owner}/{repo}/contents/{path}
/repos/{owner}/{repo}/git/ref/{ref}
/repos/{owner}/{repo}/git/refs
/repos/{owner}/{repo}/installation
/repos/{owner}/{repo}/issues
/repos/{owner}/{repo}/issues/{issue_number}
/repos/{owner}/{repo}/issues/{issue_number}/comments
/repos/{owner}/{repo}/issues/{issue_number}/reactions
/repos/{owner}/{repo}/issues/comments/{comment_id}
/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions
/repos/{owner}/{repo}/pulls
/repos/{owner}/{repo}/pulls/{pull_number}
/user
""".split()  # noqa: SIM905 - one a line reads best

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        whole = json.load(file)
    cut = {"openapi": whole["openapi"], "info": whole["info"], "servers": [{"url": "http://127.0.0.1"}]}
    cut["paths"] = {path: whole["paths"][path] for path in PATHS}
    text = json.dumps(cut, ensure_ascii=False, separators=(",", ":")).replace("https://api.github.com", "")
    with lzma.open(sys.argv[2], "wb", preset=9 | lzma.PRESET_EXTREME) as file:
        file.write(text.encode())
