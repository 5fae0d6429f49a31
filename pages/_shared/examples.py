"""Prompts to click: each breaks off where a whole line, or the rest of one, comes next."""

EXAMPLES = {
    "an import": "try:\n    import tomllib\nexcept ",
    "a constructor": "class Account:\n    def __init__(self, owner, balance=0):\n        self.owner = owner\n        ",
    "a loop": "def total(prices):\n    result = 0\n    for price in prices:\n        ",
    "a file": 'import json\n\n\ndef load(path):\n    with open(path, encoding="utf-8") as file:\n        ',
    "an error": "def greet(name):\n    if not isinstance(name, str):\n        raise ",
    "a main": 'def main():\n    print("Hello")\n\n\nif __name__ == ',
    "JavaScript": "async function fetchUser(id) {\n  const response = await fetch(`/users/${id}`);\n  ",
    "TypeScript": "interface User {\n  name: string;\n  age: number;\n}\n\nfunction isAdult(user: User): boolean {\n  ",
}
FIRST = "an import"
