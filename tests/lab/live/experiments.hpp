#pragma once

#include "catch.hpp"
#include "experiment/parse.hpp"

#include <string>

namespace xfsbus::lab::test {

/// What a text says that can be run there.
inline experiment::Experiment experiment_of(std::string const& text,
                                            experiment::Where where = experiment::Where::live) {
    auto const read = experiment::parse(text, "test.toml", where);
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    return *read;
}

/// A seed, and two sinks of which one comes later.
inline std::string const three_peers = R"(name = "three"
seeds = [7]
stop = "90s"
[[peers]]
name = "seed"
role = "seed"
up = "10MB/s"
down = "20MB/s"
labels = "rack=1,disk=ssd"
[[peers]]
name = "early"
up = "3MB/s"
down = "4MB/s"
far = "500us"
policy = "random"
[[peers]]
name = "late"
up = "1MB/s"
down = "2MB/s"
rack = 2
serves = false
arrives = "1500ms"
[network]
latency = "5ms"
[content]
size = "1M"
)";

}  // namespace xfsbus::lab::test
