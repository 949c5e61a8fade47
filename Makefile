# Everything is done by Meson and the scripts in tools/; these are the words to remember.
.PHONY: all program demo test bench format setup web clean

WEB_SOURCES := $(shell find web/src -type f 2>/dev/null) web/package.json web/package-lock.json web/tsconfig.json $(wildcard web/*.mjs)

all: build/build.ninja web
	@ninja -C build

program: build/build.ninja web # without the tests
	@ninja -C build src/cli/kith

setup:
	@tools/setup

build/build.ninja: | web
	@meson setup build >/dev/null

web: web/dist/.stamp

web/dist/.stamp: $(WEB_SOURCES)
	@tools/build-web

demo:
	@tools/demo

test:
	@tools/test

bench:
	@bench/run
	@bench/search

format:
	@clang-format-19 -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf build build-* web/dist
