from collections import defaultdict

dependents = defaultdict(set)
for path, entry in packages.items():
    for dependency in entry.get("dependencies", {}):
        dependents[dependency].add(name_of(path))

# The first question of the index: who would notice if zod broke?
sorted(dependents["zod"])
