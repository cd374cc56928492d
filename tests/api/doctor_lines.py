"""What `cloudchat doctor` said, line by line."""


def found(text):
    """(verdict, what, text) of each line; a cause belongs to the text before it."""
    lines = []
    for line in text.split("\n\n")[0].split("\n"):
        if line.startswith(" "):
            lines[-1][2] += " " + line.strip()
            continue
        assert line[8] == line[24] == " ", line
        lines.append([line[:8].strip(), line[9:24].strip(), line[25:]])
        assert lines[-1][0] in ("ok", "warning", "not ok", "skipped"), line
    return lines


def examine(server, *arguments, **more):
    """Its exit status must fit what it says."""
    run = server.run("doctor", *arguments, **more)
    assert not run.stderr, run.stderr
    lines = found(run.stdout)
    wrong = sum(verdict == "not ok" for verdict, _, _ in lines)
    assert run.returncode == (1 if wrong else 0), run.stdout
    return lines


def only_wrong(server, what, *texts, **more):
    """This one is not ok, and all else that was looked at is."""
    wrong = [line for line in examine(server, **more) if line[0] == "not ok"]
    assert [name for _, name, _ in wrong] == [what], wrong
    for expected in texts:
        assert expected in wrong[0][2]
    return wrong[0][2]


def text_of(lines, what, verdict="ok"):
    texts = [text for each, name, text in lines if (each, name) == (verdict, what)]
    assert len(texts) == 1, lines
    return texts[0]
