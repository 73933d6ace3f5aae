#include <xfsbus/peer/crashes.hpp>
#include <xfsbus/policies/host/crash_word.hpp>

namespace xfsbus::peer {

void tell_crashes(std::string_view program) {
    policies::tell_crashes(program);
}

}  // namespace xfsbus::peer
