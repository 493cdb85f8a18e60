"""Judges what this project's client printed when it had called the Python server: judge.py < RESULTS.

Holds the server's log, which is in the results, against the cases, and prints a line of JSON for each of them,
{"case":NAME,"ok":BOOL,"error":TEXT}. With --names the names of the cases, separated by commas.
"""

import json
import sys

import cases


def judge(steps, result):
    """What is wrong with a case, or None."""
    if result is None:
        return 'no result'
    if not result['ok']:
        return result['error'] or 'not ok, without a reason'
    return cases.compare_logs(cases.expected_log(steps), result['peer'], echoes=True)


def main():
    if sys.argv[1:] == ['--names']:
        return print(','.join(cases.CASES))
    results = {result['case']: result for result in map(json.loads, sys.stdin)}
    for name, steps in cases.CASES.items():
        problem = judge(steps, results.get(name))
        print(json.dumps({'case': name, 'ok': problem is None, 'error': problem}))


if __name__ == '__main__':
    main()
