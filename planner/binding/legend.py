"""What stands around a binding in its text: comments that name the bound threads and their cores, words of a shell."""

import re

from planner.binding.binding import Binding, Bound, not_understood
from planner.binding.numbering import Numbering
from planner.cpu_list import format_cpu_list

_NAMED = re.compile(r"#\s*(\S.*?): core \S+ \(logical PU ")
_WORD = re.compile(r"(?:[^\s'\"]+|'[^']*'|\"[^\"]*\")+")
_QUOTE = re.compile(r"['\"]")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")


def said(bound: Bound, numbering: Numbering) -> str:
    """`workers.0: core 3 (logical PU 3, OS index 7)`, lists where there are several."""
    threads = [numbering.thread(core) for core in bound.cores]
    logical = format_cpu_list(thread.logical for thread in threads)
    known = [thread.os_index for thread in threads if thread.os_index is not None]
    by_os = format_cpu_list(known) if len(known) == len(threads) else "unknown"
    return f"{_plain(bound.name)}: core {format_cpu_list(bound.cores)} (logical PU {logical}, OS index {by_os})"


def legend(binding: Binding, numbering: Numbering) -> str:
    """A comment line for each member, in order."""
    return "".join(f"# {said(bound, numbering)}\n" for bound in binding.members)


def names_in(text: str, count: int) -> list[str]:
    """The names that comments give to `count` members; their numbers from 0 where the comments do not name all."""
    names = [match[1] for line in text.splitlines() if (match := _NAMED.search(line))]
    return names if len(names) == count and len(set(names)) == count else [str(at) for at in range(count)]


def without_comments(text: str) -> list[str]:
    """The lines that say something, stripped, with `#` comments taken off and continued lines joined."""
    lines = (_COMMENT.sub("", line).strip() for line in text.replace("\\\n", " ").splitlines())
    return [line for line in lines if line]


def shell_words(line: str, notation: str) -> list[str]:
    """The words of a command line, quotes taken off; linear in its length, which shlex is not.

    >>> shell_words("taskset -c '0-3' ./a", "taskset")
    ['taskset', '-c', '0-3', './a']
    """
    if _WORD.sub("", line).strip():
        raise not_understood(notation, line, "a quote is not closed", "a shell command")
    return [_QUOTE.sub("", word) for word in _WORD.findall(line)]


def _plain(name: str) -> str:
    """A name on one line of printable characters: whatever it holds, it stays inside the comment."""
    return "".join(letter if letter.isprintable() else "?" for letter in name) or "?"
