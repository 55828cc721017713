#!/bin/sh
# Runs in the image kernels: starts execd as the image does, and has each language print a sum.
set -eu

/execd &
execd=$!
trap 'kill "$execd"; wait "$execd"' EXIT

tries=100
until /execd --probe ping 2>/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ]
    sleep 0.1
done
/execd --probe ready

# say LANGUAGE CODE: asks as a client without curl.
say() {
    answer=$(python3 - "$EXECD_PORT" "$1" "$2" <<'PY'
import json, sys, urllib.request
port, language, code = sys.argv[1:]
body = json.dumps({"language": language, "code": code}).encode()
with urllib.request.urlopen(f"http://127.0.0.1:{port}/code", body, timeout=300) as answer:
    print(answer.read().decode())
PY
    )
    case $answer in
        *'"text":"6 times 7 is 42'*execution_complete*) printf 'check: %s runs\n' "$1" ;;
        *)
            printf 'check: %s answers %s\n' "$1" "$answer"
            exit 1
            ;;
    esac
}

[ "$(id -u)" -ne 0 ]
# shellcheck disable=SC2016 # the variables are the languages' own
{
    say python 'print(f"6 times 7 is {6 * 7}")'
    say bash 'echo "6 times 7 is $((6 * 7))"'
    say java 'System.out.println("6 times 7 is " + 6 * 7);'
    say javascript 'console.log(`6 times 7 is ${6 * 7}`)'
    say typescript 'const n: number = 6 * 7; console.log(`6 times 7 is ${n}`)'
    say go 'import "fmt"
func main() { fmt.Println("6 times 7 is", 6*7) }'
}
