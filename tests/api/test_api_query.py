"""What `skb query` asks files alone."""

from pathlib import Path


def test_a_mistake_in_one_of_several_files_names_the_file(skb, tmp_path: Path):
    good, bad = tmp_path / "good.pl", tmp_path / "bad.pl"
    good.write_text("f(1).\n")
    bad.write_text("f(1).\nf(.\n")
    refused = skb("--json", "query", "-", "f(X)", "--facts", good, bad)
    assert refused.code == 2
    error = refused.document["error"]
    assert error["code"] == "syntax"
    assert error["message"].startswith(f"{bad}, line 2, column 3: ")
    assert (error["details"]["file"], error["details"]["line"]) == (str(bad), 2)
