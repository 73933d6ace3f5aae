#pragma once

#include <string>
#include <vector>

namespace xfsbus::program {

/// As the system wants a list of texts, arguments or an environment: the last one is null. The
/// texts must outlive it.
inline std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (auto& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace xfsbus::program
