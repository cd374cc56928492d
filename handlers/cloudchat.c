/* cloudchat - the operator's command. */
#include "admin/admin.h"

int main(int argc, char **argv)
{
    return cc_admin_main(argc, argv);
}
