"""The page itself, in Chromium, before a pool that asks for more than the password."""

import json
import subprocess

import pool_house
from second_step import take_second_step, totp, wrong_totp
from server import ROOT


def test_the_code_of_an_app_lets_in_by_the_page_and_a_wrong_one_does_not(tmp_path, ministack):
    with pool_house.running(tmp_path, ministack) as house:
        ada = house.person().sign_in()
        secret = take_second_step(house.pool.client(), ada.token)
        said = {"origin": house.server.url, "number": ada.number, "password": ada.password,
                "right": totp(secret), "wrong": wrong_totp(secret)}
        ran = subprocess.run(["node", "tests/web/second-step.js", json.dumps(said)], cwd=ROOT,
                             capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        answers = [seen for seen in house.proxy.seen if seen.operation == "RespondToAuthChallenge"]
        assert len(answers) == 2
