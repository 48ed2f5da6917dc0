"""`skb backup`: there and back."""

from pathlib import Path


def test_a_backup_is_restored_into_another_store_and_never_overwrites(skb, tmp_path: Path):
    skb("load", "amd-2x2")
    written = skb("backup", tmp_path / "monday.skb", "--json")
    other = ("--database", f"sqlite:///{tmp_path / 'other.sqlite'}")
    restored = skb("backup", tmp_path / "monday.skb", "--restore", "--json", *other)
    assert (written.code, restored.code) == (0, 0)
    assert restored.document == {**written.document, "restored": True}
    assert skb("export", "amd-2x2").out == skb("export", "amd-2x2", *other).out
    again = skb("backup", tmp_path / "monday.skb")
    assert (again.code, "exists" in again.err) == (2, True)
