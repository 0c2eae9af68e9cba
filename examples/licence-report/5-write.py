import csv

with open("licences.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["package", "version", "licence"])
    for path, entry in sorted(packages.items()):
        writer.writerow([name_of(path), entry["version"], entry.get("license", "unknown")])

print(f"wrote {len(packages)} rows")
