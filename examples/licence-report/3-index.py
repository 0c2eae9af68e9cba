from collections import defaultdict

dependents = defaultdict(set)
for path, entry in packages.items():
    for dependency in entry.get("dependencies", {}):
        dependents[dependency].add(name_of(path))

# First query of the index: which packages depend on zod?
sorted(dependents["zod"])
