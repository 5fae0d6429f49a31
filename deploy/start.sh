#!/bin/sh
# What the container runs: `workbench` (pages and HTTP), `serve` (HTTP alone, with the options of `serve`), or any other
# command of the command line, such as `train`.
set -eu

# Other machines are only let in where they have to show a key. Without one the container talks to itself alone.
address=127.0.0.1
if [ -n "${DLCODEGEN_API_KEY:-}" ]; then
    address=0.0.0.0
fi
port="${PORT:-8501}"

role="${1:-workbench}"
case "$role" in
    workbench | serve)
        if [ "$address" = 127.0.0.1 ]; then
            echo "DLCODEGEN_API_KEY is not set, so nothing outside of this container is answered. Set it to be reached." >&2
        fi
        ;;
esac
case "$role" in
    workbench)
        exec python -m streamlit run app.py --server.address "$address" --server.port "$port"
        ;;
    serve)
        shift
        exec python -m dlcodegen_core serve --host "$address" --port "$port" "$@"
        ;;
    *)
        exec python -m dlcodegen_core "$@"
        ;;
esac
