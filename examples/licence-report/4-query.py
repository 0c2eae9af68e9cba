# Second query: which package has the most dependents?
favourite, users = max(dependents.items(), key=lambda item: (len(item[1]), item[0]))
print(f"{favourite} is a dependency of {len(users)} packages")
favourite
