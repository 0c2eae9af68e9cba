from collections import Counter


def name_of(path):
    return path.rpartition("node_modules/")[2]


def scope_of(path):
    name = name_of(path)
    return name.split("/")[0] if name.startswith("@") else "(none)"


by_licence = Counter(entry.get("license", "unknown") for entry in packages.values())
by_scope = Counter(scope_of(path) for path in packages)

print(
    "by licence:",
    *(f"  {count:4} {licence}" for licence, count in by_licence.most_common()),
    sep="\n",
)
print("by scope:", *(f"  {count:4} {scope}" for scope, count in by_scope.most_common(5)), sep="\n")
{"licences": dict(by_licence), "scopes": dict(by_scope)}
