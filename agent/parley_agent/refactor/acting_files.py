"""Files that act by being there: whoever writes one decides what runs later, so no change of one goes without a yes.

Repositories, editors, shells, Python and build services read them by themselves. Pure: a path is only looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath

_FOLDERS = frozenset(
    (
        *(".git", ".hg", ".svn", ".husky", ".github", ".gitlab", ".circleci", ".devcontainer"),
        *(".vscode", ".idea", ".zed", ".fleet", ".claude", ".cursor", ".parley", ".direnv"),
    )
)
_FILES = frozenset(
    (
        *(".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".profile", ".zshrc", ".zshenv", ".zprofile"),
        *(
            ".zlogin",
            ".zlogout",
            ".kshrc",
            ".cshrc",
            ".tcshrc",
            ".login",
            "config.fish",
            ".envrc",
            ".exrc",
            ".nvim.lua",
        ),
        *(".nvimrc", ".vimrc", ".emacs", ".dir-locals.el", ".parley.yaml", ".gitlab-ci.yml", ".travis.yml"),
        *("azure-pipelines.yml", "jenkinsfile", "sitecustomize.py", "usercustomize.py"),
    )
)


def acts_by_itself(path: PurePath, workspace: PurePath | None) -> bool:
    """Whether something reads the file at `path` and does as it says, without being asked.

    Folders above the `workspace` that holds it do not count: the person chose to work there.
    """
    inner = path.relative_to(workspace) if workspace is not None and path.is_relative_to(workspace) else path
    *folders, name = (part.casefold() for part in inner.parts)
    return name in _FILES or name.endswith(".pth") or not _FOLDERS.isdisjoint(folders)
