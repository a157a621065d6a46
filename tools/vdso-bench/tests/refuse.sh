#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Images that vdso-bench does not know its way about in must be refused, and
# clocks that are wrong must be found out: nothing else may be measured.

. "$(dirname -- "$0")/lib.sh"

is_built unpatched "$UNPATCHED" ||
	skip_all "refuse images" "no kernel is built in $UNPATCHED"

LAYOUT=$BIN/layout-unpatched.o
VDSO=arch/x86/entry/vdso

# A copy of the build, as far as it matters here
copy_build()
{
	rm -rf "$WORK/build"
	mkdir -p "$WORK/build/$VDSO"
	cp -r "$1/$VDSO/vdso64" "$1/$VDSO/vdso32" "$WORK/build/$VDSO/"
}

# set_value NAME VALUE FILE: change a value in a copy of a layout
set_value()
{
	python3 - "$@" <<-'END'
		import struct, sys
		name, value, path = sys.argv[1].encode(), int(sys.argv[2], 0), sys.argv[3]
		data = bytearray(open(path, "rb").read())
		at = data.index(name + bytes(56 - len(name)))
		struct.pack_into("<Q", data, at + 56, value)
		open(path, "wb").write(data)
	END
}

get_value()
{
	python3 - "$@" <<-'END'
		import struct, sys
		name, path = sys.argv[1].encode(), sys.argv[2]
		data = open(path, "rb").read()
		print(struct.unpack_from("<Q", data, data.index(name + bytes(56 - len(name))) + 56)[0])
	END
}

# changed_layout NAME VALUE: a layout with one value changed
changed_layout()
{
	cp "$LAYOUT" "$WORK/layout.o"
	set_value "$1" "$2" "$WORK/layout.o"
}

bench()
{
	"$BENCH" --abi x86-64 --count --unpatched "${BUILD:-$UNPATCHED}" \
		--unpatched-layout "${1:-$LAYOUT}"
}

tap_begin
expect "as it is, it works" 0 "CLOCK_MONOTONIC " bench

expect "layout that is not there" 1 "cannot open .*No such file" bench "$WORK/none"
expect "layout that is not ELF" 1 "not an ELF file" bench "$0"
expect "ELF file that is no layout" 1 "does not describe a kernel build" bench "$BENCH"
sed 's/vdso_clock\.mult/vdso_clock.malt/' "$LAYOUT" >"$WORK/layout.o"
expect "layout that lacks a field" 1 "does not say what 'vdso_clock.mult' is" \
	bench "$WORK/layout.o"
changed_layout LINUX_VERSION_CODE 0x060102
expect "layout of another version" 1 "is of kernel .* layout is that of 6\.1\.2" \
	bench "$WORK/layout.o"
changed_layout __VDSO_PAGES 5
expect "layout with another number of data pages" 1 "data pages elsewhere" \
	bench "$WORK/layout.o"
changed_layout "sizeof alt_instr" 13
expect "layout with other alternatives" 1 "alternatives make no sense" bench "$WORK/layout.o"

# Offsets that are wrong only show in what the clocks say.
for field in mult cycle_last basetime; do
	case $field in
	mult) name=vdso_clock.mult other=vdso_clock.shift ;;
	cycle_last) name=vdso_clock.cycle_last other=vdso_clock.max_cycles ;;
	basetime) name="basetime CLOCK_MONOTONIC" other="basetime CLOCK_BOOTTIME" ;;
	esac
	changed_layout "$name" "$(get_value "$other" "$LAYOUT")"
	expect "layout with $field in the wrong place" 1 \
		"clock [0-9]+ of the unpatched image (is wrong|fails)" bench "$WORK/layout.o"
done
# Exchanged: the clock mode, 1, is where the sequence is read, and so never even.
sequence=$(get_value vdso_clock.seq "$LAYOUT")
changed_layout vdso_clock.seq "$(get_value vdso_clock.clock_mode "$LAYOUT")"
set_value vdso_clock.clock_mode "$sequence" "$WORK/layout.o"
expect "layout that makes a clock wait for ever" 1 "does not return" bench "$WORK/layout.o"
changed_layout VDSO_CLOCKMODE_TSC 0
expect "clock mode that leaves the TSC alone" 0 "CLOCK_MONOTONIC  *[0-9]+ +1 " \
	bench "$WORK/layout.o"

BUILD=$WORK/build
copy_build "$UNPATCHED"
rm "$BUILD/$VDSO/vdso64/vdso64.so"
expect "image that is not there" 1 "cannot open .*vdso64.so: No such file" bench

copy_build "$UNPATCHED"
rm "$BUILD/$VDSO/vdso64/vdso64.so.dbg"
expect "image without its symbols" 1 "cannot open .*vdso64.so.dbg: No such file" bench

copy_build "$UNPATCHED"
cp "$BUILD/$VDSO/vdso32/vdso32.so" "$BUILD/$VDSO/vdso64/vdso64.so"
expect "image of another ABI" 1 "is not a x86-64 file" bench

copy_build "$UNPATCHED"
objcopy --strip-symbol vdso_u_time_data "$BUILD/$VDSO/vdso64/vdso64.so.dbg"
expect "image without the symbol of its data" 1 "has no symbol vdso_u_time_data" bench

copy_build "$UNPATCHED"
objcopy --remove-section .note "$BUILD/$VDSO/vdso64/vdso64.so.dbg"
expect "image and symbols of different builds" 1 "are not from the same build" bench

# Change the feature of the first alternative to one of the kernel's own words.
copy_build "$UNPATCHED"
offset=$((16#$(objdump -h "$BUILD/$VDSO/vdso64/vdso64.so" |
	awk '$2 == ".altinstructions" { print $6 }')))
printf '\x70\x00' | dd of="$BUILD/$VDSO/vdso64/vdso64.so" bs=1 seek=$((offset + 8)) \
	conv=notrunc status=none
expect "alternative for an unknown feature" 1 "CPU feature 3\*32\+16" bench
printf '\xff\xff\xff\x7f' | dd of="$BUILD/$VDSO/vdso64/vdso64.so" bs=1 seek="$offset" \
	conv=notrunc status=none
expect "alternative outside the image" 1 "alternatives make no sense" bench

copy_build "$UNPATCHED"
truncate -s 4096 "$BUILD/$VDSO/vdso64/vdso64.so"
expect "image that is cut off" 1 "vdso64.so" bench
BUILD=""

if is_built patched "$PATCHED"; then
	expect "layout without CLOCK_TRACE for an image with it" 1 \
		"do not agree on whether|data pages elsewhere|is of kernel" \
		"$BENCH" --abi x86-64 --count --patched "$PATCHED" --patched-layout "$LAYOUT"
	LAYOUT=$BIN/layout-patched.o
	changed_layout vdso_clock_trace.epoch \
		"$(($(get_value vdso_clock_trace.epoch "$LAYOUT") + 4))"
	expect "layout with the epoch of CLOCK_TRACE in the wrong place" 1 \
		"of the patched image (is wrong|fails)" \
		"$BENCH" --abi x86-64 --count --patched "$PATCHED" --patched-layout "$WORK/layout.o"
else
	tap_skip "images of CLOCK_TRACE" "no kernel is built in $PATCHED"
fi
tap_end
