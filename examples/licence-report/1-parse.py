import json

with open("package-lock.json") as file:
    lock = json.load(file)

packages = {
    path: entry
    for path, entry in lock["packages"].items()
    if path.startswith("node_modules/") and not entry.get("link")
}
print(f"{len(packages)} packages in a lock file of version {lock['lockfileVersion']}")
