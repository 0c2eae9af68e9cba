# shellcheck shell=bash
# Installs LocalStack from PyPI and DynamoDB Local from Maven into the cache.

install() {
  install_packages
  install_localstack
  install_dynamodb
}

# The Debian package of each program that is missing; only root on Debian can install them.
install_packages() {
  local packages=()
  command -v python3 >/dev/null || packages+=(python3)
  python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
  command -v javac >/dev/null || packages+=(default-jdk-headless)
  command -v mvn >/dev/null || packages+=(maven)
  command -v curl >/dev/null || packages+=(curl)
  if ((${#packages[@]} > 0)); then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
      die "install ${packages[*]} and run this again"
    fi
    progress "installing ${packages[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      "${packages[@]}" >/dev/null
  fi
  python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    die "LocalStack $version needs Python 3.11; python3 is $(python3 --version)"
}

# The copy of requirements.txt is written last: it says that the environment is complete, and for
# which lock.
install_localstack() {
  cmp -s "$here/requirements.txt" "$cache/venv/requirements.txt" && return
  progress "installing LocalStack $version, once; this takes a minute or two"
  rm -rf "$cache/venv"
  python3 -m venv "$cache/venv"
  "$cache/venv/bin/pip" install --quiet --disable-pip-version-check \
    --requirement "$here/requirements.txt" >&2
  cp "$here/requirements.txt" "$cache/venv/requirements.txt"
}

# LocalStack would download DynamoDB Local and a Java runtime, but not if it finds them here.
install_dynamodb() {
  local dynamodb=$cache/lib/dynamodb-local/2 agent=$cache/agent javac jar
  mkdir -p "$cache/lib/java"
  javac=$(readlink -f "$(command -v javac)")
  ln -sfn "${javac%/bin/javac}" "$cache/lib/java/21"
  cmp -s "$here/pom.xml" "$dynamodb/pom.xml" && return
  progress 'installing DynamoDB Local'
  rm -rf "$dynamodb" "$agent"
  mkdir -p "$dynamodb" "$agent"

  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$dynamodb/DynamoDBLocal_lib" >&2

  javac -d "$agent" "$here/NoAgent.java"
  echo 'Premain-Class: NoAgent' >"$agent/manifest"
  jar cfm "$dynamodb/ddb-local-loader-0.1.jar" "$agent/manifest" -C "$agent" NoAgent.class

  {
    echo 'Main-Class: com.amazonaws.services.dynamodbv2.local.main.ServerRunner'
    printf 'Class-Path:'
    for jar in "$dynamodb"/DynamoDBLocal_lib/*.jar; do
      printf ' \n  DynamoDBLocal_lib/%s' "$(basename "$jar")"
    done
    echo
  } >"$agent/main-manifest"
  jar cfm "$dynamodb/DynamoDBLocal.jar" "$agent/main-manifest"
  cp "$here/pom.xml" "$dynamodb/pom.xml"
}
