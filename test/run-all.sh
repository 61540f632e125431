#!/usr/bin/env bash
# Every test from a fresh Debian or Ubuntu machine with Node: installs what the tests need, says so, builds and runs.
# The last line is `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

need_debian() { # need_debian COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing $2 (Debian package), needed by the tests"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null && return 0
  fi
  echo "The tests need the command '$1'. Install the Debian package '$2' (as root: apt-get install $2) and run again." >&2
  exit 1
}

need_debian redis-server redis-server
need_debian strace strace
need_debian openssl openssl

say 'installing packages from the npm registry and building'
npm install --no-audit --no-fund || exit 1
git diff --exit-code --stat package-lock.json || { echo 'package-lock.json does not match package.json' >&2; exit 1; }

say 'checking style'
npx biome check . || exit 1

say 'checking the types of tests and benchmarks'
npx tsc -p tsconfig.test.json || exit 1

# What tests kill is processes, never the machine, so their folders may be in memory where 8 GB of it are free: no waiting
# for a disk. A TMPDIR that is set holds.
free_kb() { # the lesser of what memory and its file system have left
  { df --output=avail /dev/shm && awk '/^MemAvailable/ { print $2 }' /proc/meminfo; } 2>/dev/null | grep -o '[0-9]*' | sort -n | head -n 1
}
say 'running the tests'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && [ "$(free_kb)" -gt 8000000 ]; then
  rm -rf "$scratch"
  scratch=$(mktemp -d /dev/shm/millrace-tests-XXXXXX)
  chmod 755 "$scratch" # PostgreSQL does not run as root
  export TMPDIR=$scratch
  echo "with their folders in memory, $TMPDIR"
fi
report=$scratch/report.json
npx vitest run --reporter=default --reporter=json --outputFile.json="$report"
status=$?
node -e '
  const { numPassedTests, numFailedTests, numFailedTestSuites, success } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
  const failed = numFailedTests === 0 && !success ? Math.max(1, numFailedTestSuites) : numFailedTests;
  console.log(`${numPassedTests} passed, ${failed} failed`);
' "$report" || exit 1
exit $status
