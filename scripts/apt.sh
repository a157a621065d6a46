# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# apt for scripts that fetch what this machine may not have configured. Sourced after
# lib.sh.

# debian_codename: "bookworm" of this machine, empty if it has none
debian_codename()
{
	(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
}

# "URI RELEASE COMPONENT" for each list of packages that apt uses. apt knows its sources
# whichever of its formats they are written in. Without lists it only says where it
# would look for them: URI/dists/RELEASE/COMPONENT/...
apt_sources()
{
	local sources

	# shellcheck disable=SC2016 # apt expands these, not the shell
	sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 2>/dev/null) || true
	if [[ $sources ]]; then
		printf '%s\n' "$sources"
		return
	fi
	apt-get update --print-uris 2>/dev/null | sed -nE \
		"s!^'(.*/)dists/([^/ ]+)/([^/ ]+)/binary-[^/]*/Packages.*!\1 \2 \3!p" | uniq
}

# The Debian mirrors that this machine uses, the main one first
debian_mirrors()
{
	local codename uri release component

	codename=$(debian_codename)
	apt_sources |
	while read -r uri release component; do
		[[ $component == main ]] || continue
		case $release in
		"$codename" | stable | oldstable | testing | unstable | sid)
			printf '0 %s\n' "$uri" ;;
		"$codename"-updates | "$codename"-backports)
			printf '1 %s\n' "$uri" ;;
		esac
	done | sort -s -k 1,1 | awk '!seen[$2]++ { print $2 }'
}

# write_private_list DIRECTORY ARCHITECTURE MIRROR RELEASE: the sources for private_apt()
write_private_list()
{
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg options=arch=$2

	[[ ! -r $keyring ]] || options+=" signed-by=$keyring"
	printf 'deb [%s] %s %s main\n' "$options" "$3" "$4" >"$1/private.list"
}

# private_apt DIRECTORY COMMAND...: one of apt's commands with the sources in
# DIRECTORY/private.list alone, and with lists and cache in DIRECTORY.
#
# A mirror that has not been updated for a week offers a list that has expired. What is
# fetched this way is compared with a checksum of ours, so its age does not matter.
private_apt()
{
	local dir=$1
	shift

	"$1" -o Dir::Etc::sourcelist="$dir/private.list" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$dir/lists" \
		-o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User="$(id -un)" \
		-o APT::Get::List-Cleanup=false \
		-o Acquire::Check-Valid-Until=false \
		-o Acquire::Languages=none \
		-o Acquire::Retries=3 \
		"${@:2}"
}
