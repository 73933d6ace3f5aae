#include "catch.hpp"

#include <xfsbus/wire/endpoint.hpp>

#include <string>
#include <unordered_set>
#include <vector>

using namespace xfsbus::wire;

TEST_CASE("endpoints are read and written back in one form") {
    struct Case {
        std::string text;
        Endpoint endpoint;
        std::string shown;
    };

    std::vector<Case> const cases = {
        {"127.0.0.1:7470", {"127.0.0.1", 7470}, "127.0.0.1:7470"},
        {"tcp://127.0.0.1:7470", {"127.0.0.1", 7470}, "127.0.0.1:7470"},
        {"localhost:1", {"localhost", 1}, "localhost:1"},
        {"node-1.rack_2.example:65535",
         {"node-1.rack_2.example", 65535},
         "node-1.rack_2.example:65535"},
        {"0.0.0.0:0", {"0.0.0.0", 0}, "0.0.0.0:0"},
        {"*:7470", {"*", 7470}, "*:7470"},
        {"tcp://*:0", {"*", 0}, "*:0"},
        {"[::1]:7470", {"::1", 7470}, "[::1]:7470"},
        {"tcp://[fe80::1%eth0]:7470", {"fe80::1%eth0", 7470}, "[fe80::1%eth0]:7470"},
        {"h:007470", {"h", 7470}, "h:7470"},
        {std::string(255, 'h') + ":1", {std::string(255, 'h'), 1}, std::string(255, 'h') + ":1"},
    };
    for (auto const& [text, endpoint, shown] : cases) {
        INFO(text);
        auto const parsed = parse_endpoint(text);
        REQUIRE(parsed.has_value());
        CHECK(*parsed == endpoint);
        CHECK(parsed->to_string() == shown);
        CHECK(parsed->to_zmq() == "tcp://" + shown);
        CHECK(parse_endpoint(parsed->to_zmq()) == endpoint);
    }
}

TEST_CASE("what is no endpoint is refused") {
    for (std::string const text : {"",
                                   ":",
                                   ":7470",
                                   "7470",
                                   "host",
                                   "host:",
                                   "host:port",
                                   "host:-1",
                                   "host:+1",
                                   "host: 1",
                                   "host:1 ",
                                   " host:1",
                                   "host:65536",
                                   "host:99999999999999999999",
                                   "host:0x10",
                                   "host:1.5",
                                   "tcp://",
                                   "tcp://:7470",
                                   "tcp://host",
                                   "udp://host:1",
                                   "ipc:///tmp/x",
                                   "inproc://x:1",
                                   "tcp://tcp://host:1",
                                   "host/path:1",
                                   "host:1/path",
                                   "a b:1",
                                   "user@host:1",
                                   "a;b:1",
                                   "eth0;10.0.0.1:1",
                                   "::1:7470",
                                   "[::1]",
                                   "[::1:7470",
                                   "::1]:7470",
                                   "[]:7470",
                                   "[host]:7470",
                                   "[::1]x:1",
                                   "**:1",
                                   "[*]:1",
                                   "h\xC3\xA4:1",
                                   "host\n:1",
                                   "$(id):1"}) {
        INFO(text);
        CHECK(parse_endpoint(text) == std::nullopt);
    }
    CHECK(parse_endpoint(std::string("a\0b:1", 5)) == std::nullopt);
    CHECK(parse_endpoint(std::string(256, 'h') + ":1") == std::nullopt);
}

TEST_CASE("a peer may claim a host that is an address or a name, or none") {
    for (std::string const host : {"", "10.0.0.1", "::1", "fe80::1%eth0", "node_1", "A-b.c"}) {
        CHECK(valid_host(host));
    }
    for (std::string const host :
         {"*", "a b", "a/b", "a;b", "[::1]", "a\n", "\xC3\xA4", "a@b", "a\\b"}) {
        CHECK_FALSE(valid_host(host));
    }
    CHECK(valid_host(std::string(255, 'h')));
    CHECK_FALSE(valid_host(std::string(256, 'h')));
}

TEST_CASE("an address has one canonical way of writing it") {
    CHECK(canonical_host("10.0.0.1") == "10.0.0.1");
    CHECK(canonical_host("::ffff:10.0.0.1") == "10.0.0.1");
    CHECK(canonical_host("::FFFF:0a00:0001") == "10.0.0.1");
    CHECK(canonical_host("2001:DB8:0:0:0:0:0:1") == "2001:db8::1");
    CHECK(canonical_host("0:0:0:0:0:0:0:0") == "::");
    CHECK(canonical_host("::ffff:0.0.0.0") == "0.0.0.0");
    CHECK(canonical_host("FE80::1%eth0") == "fe80::1%eth0");
    CHECK(canonical_host("2001:db8::1%eth0") == "2001:db8::1");
    CHECK(canonical_host("::%eth0") == "::");
    for (std::string const host :
         {"", "*", "localhost", "10.0.0", "010.0.0.1", "10.0.0.1%eth0", "0x0a000001", "1", "::g"}) {
        INFO(host);
        CHECK(canonical_host(host) == std::nullopt);
    }
    CHECK(canonical_host(std::string("10.0.0.1\0x", 10)) == std::nullopt);
}

TEST_CASE("addresses are compared as addresses, and names are none") {
    CHECK(same_host("::ffff:10.0.0.1", "10.0.0.1"));
    CHECK(same_host("2001:DB8::0:1", "2001:db8::1"));
    CHECK(same_host("fe80::1%eth0", "fe80::1"));
    CHECK_FALSE(same_host("10.0.0.1", "10.0.0.2"));
    CHECK_FALSE(same_host("localhost", "localhost"));
    CHECK_FALSE(same_host("", ""));
    CHECK(loopback_host("127.255.0.3"));
    CHECK(loopback_host("::FFFF:127.0.0.1"));
    CHECK(loopback_host("0:0:0:0:0:0:0:1"));
    CHECK_FALSE(loopback_host("128.0.0.1"));
    CHECK_FALSE(loopback_host("localhost"));
}

TEST_CASE("an endpoint without a host of its own says so") {
    for (auto const* host : {"", "*", "0.0.0.0", "::"}) {
        CHECK(Endpoint{host, 1}.any_host());
    }
    for (auto const* host : {"127.0.0.1", "::1", "localhost", "0.0.0.1"}) {
        CHECK_FALSE(Endpoint{host, 1}.any_host());
    }
    CHECK(Endpoint{"", 7470}.to_zmq() == "tcp://*:7470");
}

TEST_CASE("endpoints can be ordered and hashed") {
    CHECK(Endpoint{"a", 2} < Endpoint{"b", 1});
    CHECK(Endpoint{"a", 1} < Endpoint{"a", 2});
    std::unordered_set<Endpoint> const set = {{"a", 1}, {"a", 2}, {"a", 1}};
    CHECK(set.size() == 2);
}
