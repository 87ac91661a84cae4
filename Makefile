# Two commands do everything on a bare Debian 12 (git, make, root or sudo):
#
#	make run     install what is missing, build, play every scenario
#	make test    the same, and run all tests
#
#	make run ARGS='scenarios/outage --wire memory --seed 7'
#	make bench   the figures, on an optimised build of its own
#	make clean

BUILD = build
ARGS = scenarios
JOBS = $(shell nproc)

run: programs
	@$(BUILD)/harness/pcgsim run -j $(JOBS) $(ARGS)

test: programs
	@tools/setup test
	@tools/run-tests $(BUILD)

programs: $(BUILD)/build.ninja
	@[ -e $(BUILD)/harness/pcgsim ] || \
		echo "building; this takes a minute or two the first time"
	@ninja -C $(BUILD) --quiet

bench: build-release/build.ninja
	@ninja -C build-release --quiet
	@meson test -C build-release --benchmark --verbose

$(BUILD)/build.ninja: meson.build
	@tools/setup build
	@meson setup $(BUILD) > /dev/null

build-release/build.ninja: meson.build
	@tools/setup build
	@meson setup build-release --buildtype=release > /dev/null

clean:
	rm -rf $(BUILD) build-release build-clang build-asan build-fuzz

.PHONY: run test programs bench clean
