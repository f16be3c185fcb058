<?php

declare(strict_types=1);

namespace Usher;

/** Where Usher keeps its federated users. */
interface UserStore
{
    /**
     * The record of the one user, in the shape of a JSON snapshot, or null.
     *
     * @param string $idp entity ID of the identity provider whose user it is
     * @param string $by 'nameId', 'userName', or the SAML name of the attribute by which users are recognised
     */
    public function find(string $idp, string $by, string $value): ?array;
}
