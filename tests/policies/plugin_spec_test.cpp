#include "catch.hpp"
#include "refusal.hpp"

#include <xfsbus/policies/host/plugin_spec.hpp>

using namespace xfsbus::policies;
using namespace xfsbus::test;
using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("A plug-in may be named alone") {
    CHECK(parse_plugin_spec("loadlatency").file == "loadlatency");
    CHECK(parse_plugin_spec("loadlatency").parameters.empty());
    CHECK(parse_plugin_spec("/opt/a:b/libx.so").file == "/opt/a:b/libx.so");
}

TEST_CASE("Parameters follow the file's name after a colon") {
    auto const spec = parse_plugin_spec("libloadlatency.so:load_weight=20,x=");
    CHECK(spec.file == "libloadlatency.so");
    CHECK(spec.parameters == Pairs{{"load_weight", "20"}, {"x", ""}});
}

TEST_CASE("A directory and a value may contain colons and equals signs") {
    auto const spec = parse_plugin_spec("/opt/a:b=/libx.so:peer=10.0.0.1:7000,path=/a:b=c");
    CHECK(spec.file == "/opt/a");
    auto const plain = parse_plugin_spec("/opt/a:b/x=y/libx.so:peer=10.0.0.1:7000,path=/a:b=c");
    CHECK(plain.file == "/opt/a:b/x=y/libx.so");
    CHECK(plain.parameters == Pairs{{"peer", "10.0.0.1:7000"}, {"path", "/a:b=c"}});
}

TEST_CASE("A parameter without a value is refused rather than taken for a file's name") {
    CHECK(contains(refusal([] { return parse_plugin_spec("libx.so:fast"); }),
                   "plug-in 'libx.so': 'fast' is not NAME=VALUE; write FILE"));
    CHECK(contains(refusal([] { return parse_plugin_spec("libx.so:"); }), "'' is not NAME=VALUE"));
    CHECK(contains(refusal([] { return parse_plugin_spec("libx.so:a=1,,b=2"); }),
                   "'' is not NAME=VALUE"));
    CHECK(contains(refusal([] { return parse_plugin_spec("libx.so:=1"); }),
                   "'=1' is not NAME=VALUE"));
}

TEST_CASE("A specification without a file is refused") {
    CHECK(contains(refusal([] { return parse_plugin_spec(""); }), "no file is named"));
    CHECK(contains(refusal([] { return parse_plugin_spec(":a=1"); }), "no file is named"));
}
