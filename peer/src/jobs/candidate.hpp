#pragma once

#include "net/link.hpp"

#include <memory>
#include <string>

namespace xfsbus::peer::jobs {

/// Another peer that can be a source, and how it is.
struct Candidate {
    std::shared_ptr<net::Link> link;
    std::string labels;
    net::Link::Vitals vitals;
    double completeness = 1;
};

}  // namespace xfsbus::peer::jobs
